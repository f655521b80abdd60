"""The commands of `kithline`, a module each."""
