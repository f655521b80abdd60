"""What a person may ask of those who hold their data: to see it, to have it corrected, to have it erased."""
