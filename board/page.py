"""What Voilà runs in the kernel of each page, before anybody asks for it."""

from nin_course.demos.board import Board

Board().view  # noqa: B018
