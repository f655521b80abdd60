"""What another policy would have raised of the same feed, and how well each does against what was truly the matter."""
