"""Pictures show what was answered, and say so where nothing was."""

import unittest

import render

SPAN = render.Span(0.0, 10.0, 1.0)


def panel(kind: str, **more: object) -> render.Json:
    steps = [{"value": None, "color": "green"}, {"value": 5, "color": "red"}]
    defaults = {"unit": "short", "thresholds": {"steps": steps}, "custom": {"stacking": {"mode": "none"}, "thresholdsStyle": {"mode": "dashed"}}}
    return {
        "type": kind,
        "title": "<T>",
        "id": 1,
        "gridPos": {"x": 0, "y": 0, "w": 8, "h": 8},
        "fieldConfig": {"defaults": defaults, "overrides": []},
        **more,
    }


def picture(one: render.Json, found: list[render.Answer]) -> str:
    return render.draw({"title": "D", "description": "", "templating": {"list": []}, "panels": [one]}, {1: found}, SPAN)


def answer(values: list[list[float]], legend: str = "{{who}}", **labels: str) -> render.Answer:
    return {"legendFormat": legend}, [{"metric": labels, "values": values}], []


class Pictures(unittest.TestCase):
    def test_a_figure_has_the_colour_of_its_threshold(self) -> None:
        for value, colour in ((4.0, "green"), (5.0, "red")):
            self.assertIn(f"fill:{render.COLOURS[colour]}", picture(panel("stat"), [answer([[0, 1.0], [9, value]])]))

    def test_what_returned_nothing_says_so(self) -> None:
        for kind in ("stat", "timeseries"):
            self.assertIn("No data", picture(panel(kind), [({"legendFormat": ""}, [], [])]))

    def test_lines_are_named_by_their_labels_and_text_is_escaped(self) -> None:
        text = picture(panel("timeseries"), [answer([[0, 1.0], [1, 2.0]], who="a<b")])
        self.assertIn("a&lt;b", text)
        self.assertIn("&lt;T&gt;", text)

    def test_annotations_are_lines_where_each_of_their_stretches_begins(self) -> None:
        ended = {"iconColor": "purple"}, [{"metric": {}, "values": [[2.0, 1], [3.0, 1], [4.0, 1], [8.0, 1]]}]
        reloaded = {"iconColor": "blue", "useValueForTime": "on"}, [{"metric": {}, "values": [[7.0, 5000], [8.0, 5000], [9.0, -1]]}]
        marks = render.marks_of([ended, reloaded], SPAN)
        self.assertEqual(marks, (("blue", 5.0), ("purple", 2.0), ("purple", 8.0)))
        text = render.draw(
            {"title": "D", "description": "", "templating": {"list": []}, "panels": [panel("timeseries")]}, {}, SPAN._replace(marks=marks)
        )
        self.assertEqual([text.count(f'stroke="{render.COLOURS[colour]}" stroke-dasharray="2 3"') for colour in ("blue", "purple")], [1, 2])

    def test_a_line_is_cut_where_points_are_missing(self) -> None:
        self.assertEqual(render.pieces([[0, 1.0], [1, 1.0], [5, 1.0]], 1), [[[0, 1.0], [1, 1.0]], [[5, 1.0], [5, 1.0]]])

    def test_stacked_lines_add_up_where_one_lacks_a_point(self) -> None:
        stacked = render._stacked([("a", [[0, 1.0], [1, 2.0]]), ("b", [[1, 3.0]])])
        self.assertEqual(stacked, [("a", [[0, 1.0], [1, 2.0]]), ("b", [[0, 1.0], [1, 5.0]])])

    def test_points_on_a_straight_line_are_left_out(self) -> None:
        self.assertEqual(render.path([(0, 0), (5, 0), (10, 0), (10, 10)]), "M0,0L10,0L10,10")

    def test_a_table_joins_its_columns_by_labels(self) -> None:
        organize = {
            "id": "organize",
            "options": {
                "indexByName": {"policy": 0, "Value #A": 1, "Value #B": 2},
                "renameByName": {"policy": "P", "Value #A": "X", "Value #B": "Y"},
            },
        }
        overrides = [{"matcher": {"options": name}, "properties": [{"id": "unit", "value": unit}]} for name, unit in (("X", "s"), ("Y", "short"))]
        one = panel("table", transformations=[organize])
        one["fieldConfig"]["overrides"] = overrides
        found: list[render.Answer] = [
            ({"legendFormat": "X"}, [], [({"policy": "b"}, 0.5), ({"policy": "a"}, 1.0)]),
            ({"legendFormat": "Y"}, [], [({"policy": "a"}, 7.0)]),
        ]
        headings, rows = render.table_rows(one, found)
        self.assertEqual(headings, ["P", "X", "Y"])
        self.assertEqual([[text for text, _ in row] for row in rows], [["a", "1 s", "7"], ["b", "500 ms", ""]])


if __name__ == "__main__":
    unittest.main()
