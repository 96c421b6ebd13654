"""`raising:`: a target in this process that raises whenever it is asked."""

from typing import Self

from indexlab.targets.target import Description, Request


class RaisingIndex:
    label = "raising:"
    kind = "in-process"

    def describe(self) -> Description:
        return Description(name="raising")

    def index(self, requests: list[Request]) -> list[object]:
        message = "the index is on holiday"
        raise RuntimeError(message)

    def close(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def opened(_: str) -> RaisingIndex:
    return RaisingIndex()
