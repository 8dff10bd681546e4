"""What can go wrong. Messages are whole sentences: what was found and expected, what to do."""


class ZanimeError(Exception):
    """Every error of the engine. ``exit_code`` is what the program would end with."""

    exit_code = 70


class UsageError(ZanimeError, ValueError):
    """A parameter is wrong."""

    exit_code = 2


class GraphError(ZanimeError, ValueError):
    """A workflow is wrong."""

    exit_code = 3


class FileError(ZanimeError):
    """A file is missing, unreadable or not what it should be."""

    exit_code = 4


class NumericError(ZanimeError, ArithmeticError):
    """A computation gave numbers that are not finite."""

    exit_code = 5


class ResourceError(ZanimeError):
    """Out of memory, disk full, permission denied."""

    exit_code = 6


class InternalError(ZanimeError):
    """A defect of the engine: please report it."""

    exit_code = 70


class CancelledError(ZanimeError):
    """Stopped by a CancelToken."""

    exit_code = 130
