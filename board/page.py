"""What Voilà runs in the kernel of each page, before anybody asks for it."""

from nin_course.demos.board import Board
from nin_course.language import speak_as_told

speak_as_told()
Board().view  # noqa: B018
