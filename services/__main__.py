"""`python -m services` is `kithline`: where the package is not installed, as in the image."""

from services.cli import main

main()
