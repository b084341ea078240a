"""Things to play with in the chapters: one module a demo. Core ipywidgets and matplotlib only."""

from nin_course.demos.autopsy import Autopsy
from nin_course.demos.ballot_box import BallotBox
from nin_course.demos.bench import Bench
from nin_course.demos.channel_mixer import ChannelMixer
from nin_course.demos.family_tree import FamilyTree
from nin_course.demos.few_pixels import FewPixels
from nin_course.demos.find_the_shoes import FindTheShoes
from nin_course.demos.guessing_game import GuessingGame
from nin_course.demos.live import LivePicture
from nin_course.demos.microscope import Microscope
from nin_course.demos.one_cell import OneCell
from nin_course.demos.predict import Bets, Predict
from nin_course.demos.sliding_window import SlidingWindow
from nin_course.demos.stages import show_stages
from nin_course.demos.training_desk import TrainingDesk
from nin_course.demos.walk_through import WalkThrough
from nin_course.demos.your_photo import YourPhoto

ALL = (
    FewPixels,
    GuessingGame,
    ChannelMixer,
    SlidingWindow,
    BallotBox,
    WalkThrough,
    OneCell,
    TrainingDesk,
    Autopsy,
    Microscope,
    FindTheShoes,
    YourPhoto,
    Bench,
    FamilyTree,
)  # in the order of the chapters

__all__ = [
    "ALL",
    "Autopsy",
    "BallotBox",
    "Bench",
    "Bets",
    "ChannelMixer",
    "FamilyTree",
    "FewPixels",
    "FindTheShoes",
    "GuessingGame",
    "LivePicture",
    "Microscope",
    "OneCell",
    "Predict",
    "SlidingWindow",
    "TrainingDesk",
    "WalkThrough",
    "YourPhoto",
    "show_stages",
]
