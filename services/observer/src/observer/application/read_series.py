"""Questions about measured series that people and other use cases ask: rates, quantiles, memory's slope."""

from __future__ import annotations

from collections.abc import Sequence

from observer.application.ports import SeriesReader
from observer.domain.series import Line, Point, Selector, Series, Span, merged, rates, together


class ReadSeries:
    """Reads one `SeriesReader`; every method raises `WatchOutage`."""

    def __init__(self, reader: SeriesReader) -> None:
        self.reader = reader

    async def window(self, selector: Selector, span: Span, by: Sequence[str] | None = None) -> list[Line]:
        """A gauge's means by step; `by` adds up the series that agree in these labels."""
        lines = await self.reader.window(selector, span)
        return list(lines) if by is None else together(lines, by)

    async def rate(self, selector: Selector, span: Span, by: Sequence[str] | None = None) -> list[Line]:
        """A counter's rates per second by step; `by` adds up the series that agree in these labels."""
        lines = rates(await self.reader.increases(selector, span), span.step)
        return lines if by is None else together(lines, by)

    async def quantile(
        self, selector: Selector, share: float, span: Span, by: Sequence[str] = ()
    ) -> list[Line]:
        """A histogram's quantile by step, of all series together that agree in the labels `by`."""
        points: dict[Series, list[Point]] = {}
        for one in merged(await self.reader.distributions(selector, span), by):
            value = one.quantile(share)
            if value is not None:
                points.setdefault(one.series, []).append(Point(one.at, value))
        return [
            Line(series, tuple(sorted(found, key=lambda point: point.at))) for series, found in points.items()
        ]
