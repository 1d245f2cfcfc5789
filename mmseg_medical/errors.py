"""One family of errors for what users can mend themselves."""


class InputError(ValueError):
    """Something in a file or a setting; the message says where and what to do.

    The command-line tools print it as one line, without a traceback.
    """


class ToleratedWarning(UserWarning):
    """Says what was mended or let pass in a file; tools count them."""
