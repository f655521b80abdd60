"""The figures that the department gives its district councils: counted, small counts hidden, written down."""
