"""The exercises' checks, one module a chapter: they tell a right answer from each typical wrong one."""
