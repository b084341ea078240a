"""Things to play with in the chapters: one module a demo. Core ipywidgets and matplotlib only."""

from nin_course.demos.channel_mixer import ChannelMixer
from nin_course.demos.few_pixels import FewPixels
from nin_course.demos.guessing_game import GuessingGame
from nin_course.demos.live import LivePicture
from nin_course.demos.predict import Predict

ALL = (FewPixels, GuessingGame, ChannelMixer)  # in the order of the chapters

__all__ = ["ALL", "ChannelMixer", "FewPixels", "GuessingGame", "LivePicture", "Predict"]
