"""`python -m nin_course doctor` and `python -m nin_course data [--full]`."""

import argparse
import sys


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m nin_course", description="The course's command line.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("doctor", help="check that everything the course needs is here")
    data = commands.add_parser("data", help="say which Fashion-MNIST is here")
    data.add_argument("--full", action="store_true", help="fetch the full set (about 30 MB) if it is not here")
    chosen = parser.parse_args(arguments)
    if chosen.command == "doctor":
        from nin_course.doctor import doctor

        return 0 if doctor() else 1
    return show_data(fetch=chosen.full)


def show_data(*, fetch: bool) -> int:
    """Prints where the full set is, fetching it first if asked to; 1 if it was asked for and cannot be had."""
    from nin_course.data import HOW_TO_GET_IT, find_full
    from nin_course.fetch import fetch_full

    try:
        folder = fetch_full() if fetch else find_full()
    except (OSError, ValueError) as error:
        print(f"The full Fashion-MNIST could not be had: {error}", file=sys.stderr)
        print("Try again with a network; the sample of 12,000 images carries every chapter.", file=sys.stderr)
        return 1
    if folder is None:
        print(f"The embedded sample (10,000 + 2,000 images) is here. {HOW_TO_GET_IT}")
    else:
        print(f"The full Fashion-MNIST (60,000 + 10,000 images) is in {folder}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
