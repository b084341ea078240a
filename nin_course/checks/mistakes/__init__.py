"""What answers get wrong, chapter by chapter: each mistake a sentence, and the rule that makes it."""
