"""Numbers are readable."""

import unittest

import units


class Text(unittest.TestCase):
    def test_numbers_as_people_read_them(self) -> None:
        for value, unit, expected in (
            (0.0123, "s", "12.3 ms"),
            (0.00004567, "s", "45.7 µs"),
            (90, "s", "1.5 min"),
            (0, "s", "0 s"),
            (2048, "bytes", "2 KiB"),
            (0, "bytes", "0 B"),
            (1536, "Bps", "1.54 kB/s"),
            (12.34, "ops", "12.3 ops/s"),
            (0.05, "ops", "0.05 ops/s"),
            (12_340, "short", "12.3 K"),
            (3, "short", "3"),
            (0.25, "short", "0.25"),
            (0.98765, "percentunit", "98.8 %"),
            (1, "none", "1"),
            (-0.5, "s", "-500 ms"),
            (0.00001, "short", "1e-05"),
        ):
            with self.subTest(value=value, unit=unit):
                self.assertEqual(units.text(value, unit), expected)
        self.assertEqual(units.text(7.6, "short", 0), "8")

    def test_ticks_are_round_and_reach_the_top(self) -> None:
        for top, unit, expected in (
            (97, "ops", [0, 25, 50, 75, 100]),
            (1, "percentunit", [0, 0.25, 0.5, 0.75, 1]),
            (3000, "bytes", [0, 1024, 2048, 3072]),
            (0.034, "s", [0, 0.01, 0.02, 0.03, 0.04]),
            (0, "ops", [0, 1]),
        ):
            with self.subTest(top=top):
                self.assertEqual([round(tick, 6) for tick in units.ticks(top, unit)], expected)


if __name__ == "__main__":
    unittest.main()
