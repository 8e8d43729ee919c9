"""Numbers as Grafana shows them: 0.0123 s is 12.3 ms, 2048 bytes are 2 KiB."""

import math

SCALES: dict[str, list[tuple[float, str]]] = {
    "s": [(3600, " h"), (60, " min"), (1, " s"), (1e-3, " ms"), (1e-6, " µs"), (1e-9, " ns")],
    "bytes": [(2**40, " TiB"), (2**30, " GiB"), (2**20, " MiB"), (2**10, " KiB"), (1, " B")],
    "Bps": [(1e9, " GB/s"), (1e6, " MB/s"), (1e3, " kB/s"), (1, " B/s")],
    "ops": [(1e9, " G ops/s"), (1e6, " M ops/s"), (1e3, " K ops/s"), (1, " ops/s")],
    "short": [(1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " K"), (1, "")],
    "none": [(1, "")],
}


def text(value: float, unit: str, decimals: int | None = None) -> str:
    if unit == "percentunit":
        return digits(100 * value, 1 if decimals is None else decimals) + " %"
    scales = SCALES[unit]
    factor, name = next(((factor, name) for factor, name in scales if abs(value) >= factor), scales[-1])
    if value == 0:
        factor, name = 1, next(name for factor, name in scales if factor == 1)
    if abs(value) < factor and unit in {"ops", "short", "none"}:
        factor, name = 1, scales[-1][1]
    return digits(value / factor, decimals) + name


def digits(number: float, decimals: int | None = None) -> str:
    """With so many decimals; without, three significant digits and no zeros at the end."""
    if decimals is None:
        decimals = 0 if number == 0 else max(0, 2 - math.floor(math.log10(abs(number))))
        if number and decimals > 4:
            return f"{number:.2g}"
        rounded = f"{number:.{decimals}f}"
        return rounded.rstrip("0").rstrip(".") if "." in rounded else rounded
    return f"{number:.{decimals}f}"


def ticks(top: float, unit: str, count: int = 4) -> list[float]:
    """Round values from 0 to `top` or just above it, in the steps that people read easily."""
    if top <= 0:
        return [0.0, 1.0]
    bases = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024) if unit == "bytes" else (1, 2, 2.5, 5, 10)
    power = 1024.0 ** math.floor(math.log(top / count, 1024)) if unit == "bytes" else 10.0 ** math.floor(math.log10(top / count))
    step = next((base * power for base in bases if base * power * count >= top), bases[-1] * power)
    return [step * i for i in range(math.ceil(top / step - 1e-9) + 1)]
