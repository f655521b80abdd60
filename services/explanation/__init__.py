"""Flags and tasks in plain words, in English and Traditional Chinese. Pure."""
