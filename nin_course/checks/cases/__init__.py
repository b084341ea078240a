"""The checks' own test cases: every right and wrong answer that a check has to know. Only tests read them."""
