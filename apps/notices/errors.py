"""Why something could not be sent, as a sentence for those who can help."""


class UndeliveredError(Exception):
    """It was not sent, and trying again may help; `after_s` is the least pause, where told."""

    def __init__(self, sentence: str, *, after_s: float = 0) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.after_s = after_s


class RefusedError(UndeliveredError):
    """The other side will not take it: to try again as it is does not help."""


class WayDownError(UndeliveredError):
    """Nothing gets through this way at the moment, whoever it is for."""
