"""Turns samples into figures, figures into verdicts, and both into markdown."""

import statistics

from . import workloads

PLAIN, POLICIES = "herdgate-1", "herdgate-1-policies"  # without and with policies
ENOUGH = 3  # so many undisturbed rounds make the disturbed ones unnecessary


def spread(values, disturbed=0):
    """{median, min, max, rounds, disturbed} of a list that may be empty."""
    if not values:
        return None
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "rounds": len(values),
            "disturbed": disturbed}


def good(sample):
    return not sample.get("failure") and not sample.get("errors") and not sample.get("misses")


def paired_figures(samples, direct):
    """The figures of one load's rounds, each against direct in the same round: drift of the machine cancels out.

    Disturbed rounds are left out when enough others remain; otherwise the figures say how many of theirs were.
    """
    pairs = [(sample, base) for sample, base in zip(samples, direct) if good(sample) and good(base) and base["rps"]]
    calm = [pair for pair in pairs if not any(one.get("noisy") for one in pair)]
    if len(calm) >= ENOUGH:
        pairs = calm
    disturbed = len(pairs) - sum(pair in calm for pair in pairs)
    figures = {"ratio": [], "added_p50_us": [], "p50_ratio": [], "redis_cpu_ratio": [], "added_proxy_cpu_us": []}
    for sample, base in pairs:
        figures["ratio"].append(sample["rps"] / base["rps"])
        figures["added_p50_us"].append(sample["p50_us"] - base["p50_us"])
        figures["p50_ratio"].append(sample["p50_us"] / base["p50_us"])
        figures["redis_cpu_ratio"].append(sample["redis_cpu_us"] / base["redis_cpu_us"])
        figures["added_proxy_cpu_us"].append(sample["proxy_cpu_us"] - base["proxy_cpu_us"])
    return {name: spread(values, disturbed) for name, values in figures.items() if values}


def load_figures(samples, against=()):
    """{target: figures} of one load's {target: [sample]}: against direct, and with policies against none.

    With `against`, pairs of a target and another, only each against that other.
    """
    if against:
        return {target: against_figures(samples[target], samples[base]) for target, base in against
                if target in samples and base in samples}
    figures = {target: paired_figures(rounds, samples["direct"]) for target, rounds in samples.items()}
    if POLICIES in samples and PLAIN in samples:
        ratio = paired_figures(samples[POLICIES], samples[PLAIN]).get("ratio")
        figures[POLICIES].update({"plain_ratio": ratio} if ratio else {})
    return figures


def against_figures(samples, base):
    """What a target adds to another in the same round."""
    paired = paired_figures(samples, base)
    names = {"base_ratio": "ratio", "base_added_p50_us": "added_p50_us", "base_added_cpu_us": "added_proxy_cpu_us"}
    return {name: paired[of] for name, of in names.items() if of in paired}


def judge(results, targets):
    """One row per goal and judged target: Herdgate and extras, not the peers. results: {workload: {target: figures}}"""
    rows = []
    for goal in workloads.GOALS:
        measured = results.get(goal.workload)
        if measured is None:
            continue
        for target in targets:
            if target["kind"] not in goal.kinds or goal.loops not in (0, target["loops"]):
                continue
            figure = measured.get(target["name"], {}).get(goal.figure)
            rows.append({
                "target": target["name"], "workload": goal.workload, "figure": goal.figure, "goal": goal.text(),
                "measured": figure, "verdict": verdict(goal, figure),
            })
    return rows


def verdict(goal, figure):
    if figure is None:
        return "no figure"
    word = "pass" if goal.met(figure["median"]) else "MISS"
    doubts = ["rounds differ"] if goal.met(figure["min"]) != goal.met(figure["max"]) else []
    doubts += [f"{figure['disturbed']} of {figure['rounds']} disturbed"] if figure["disturbed"] else []
    return f"{word} ({', '.join(doubts)})" if doubts else word


def number(value):
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) < 0.1:
        return f"{value:.3f}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def ranged(figure):
    if not figure:
        return "-"
    if figure["min"] == figure["max"]:
        return number(figure["median"])
    return f"{number(figure['median'])} [{number(figure['min'])} to {number(figure['max'])}]"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def load_table(load, samples, figures):
    """samples: {target: [sample]}, figures: {target: figures}."""
    head = ["target", "ops/s", workloads.FIGURES["ratio"], "p50 us", "p99 us", "proxy CPU us/op", "Redis CPU us/op",
            "remarks"]
    special = load.figure if load.figure != "ratio" else None
    if special:
        head.insert(3, workloads.FIGURES[special])
    with_policies = any(of.get("plain_ratio") for of in figures.values())
    if with_policies:
        head.insert(3, workloads.FIGURES["plain_ratio"])
    rows = []
    for name, rounds in samples.items():
        ended = [sample for sample in rounds if not sample.get("failure")]
        column = lambda key: spread([sample[key] for sample in ended])
        cells = [name]
        if ended:
            cells += [ranged(column("rps")), ranged(figures[name].get("ratio"))]
            cells += [ranged(figures[name].get("plain_ratio"))] if with_policies else []
            cells += [ranged(figures[name].get(special))] if special else []
            cells += [ranged(column("p50_us")), number(column("p99_us")["median"])]
            cells += ["-" if name == "direct" else number(column("proxy_cpu_us")["median"])]
            cells += [number(column("redis_cpu_us")["median"])]
        else:
            cells += ["-"] * (len(head) - 2)
        rows.append(cells + [remarks(rounds)])
    return table(head, rows)


def against_table(load, samples, figures):
    """As load_table, of a load whose targets are held against each other."""
    names = ("base_ratio", "base_added_p50_us", "base_added_cpu_us")
    base_of = dict(load.against)
    rows = []
    for name, rounds in samples.items():
        ended = [sample for sample in rounds if not sample.get("failure")]
        column = lambda key: ranged(spread([sample[key] for sample in ended]))
        measured = [column("rps"), column("p50_us"), column("proxy_cpu_us")] if ended else ["-"] * 3
        held = [ranged(figures.get(name, {}).get(one)) for one in names]
        rows.append([name, *measured, base_of.get(name, "-"), *held, remarks(rounds)])
    head = ["target", "ops/s", "p50 us", "proxy CPU us/op", "held against", *(workloads.FIGURES[one] for one in names)]
    return table([*head, "remarks"], rows)


def remarks(rounds):
    """What a reader must know before trusting the row."""
    words = []
    failures = [sample["failure"] for sample in rounds if sample.get("failure")]
    if failures:
        words.append(f"FAILED: {failures[0]}")
    for key, what in (("errors", "wrong or error replies"), ("misses", "missing values")):
        count = sum(sample.get(key, 0) for sample in rounds)
        if count:
            words.append(f"{count} {what}")
    noisy = sum(sample.get("noisy", False) for sample in rounds)
    if noisy:
        words.append(f"{noisy} of {len(rounds)} rounds disturbed")
    if any(sample.get("busiest_thread", 0) > 0.95 for sample in rounds):
        words.append("the generator was the limit")
    return "; ".join(words)


def cpu_table(samples, figures):
    head = ["target", "Redis CPU us/op", workloads.FIGURES["redis_cpu_ratio"], "proxy CPU us/op", "both"]
    rows = []
    for name, rounds in samples.items():
        ended = [sample for sample in rounds if not sample.get("failure")]
        if not ended:
            rows.append([name, "-", "-", "-", "-"])
            continue
        redis = spread([sample["redis_cpu_us"] for sample in ended])
        proxy = spread([sample["proxy_cpu_us"] for sample in ended])
        both = spread([sample["redis_cpu_us"] + sample["proxy_cpu_us"] for sample in ended])
        rows.append([name, ranged(redis), ranged(figures[name].get("redis_cpu_ratio")), ranged(proxy), ranged(both)])
    return table(head, rows)


def memory_table(figures):
    head = ["target", "idle RSS / anon MB", "500 connections RSS / anon MB", "peak RSS MB",
            "after burst, still connected MB", "after burst MB", "after over idle"]
    rows = []
    for name, of in figures.items():
        pair = lambda what: f"{ranged(of.get(what + '_rss_mb'))} / {ranged(of.get(what + '_anonymous_mb'))}"
        rows.append([name, pair("idle"), pair("connected"), ranged(of.get("peak_rss_mb")),
                     ranged(of.get("burst_open_rss_mb")), ranged(of.get("after_burst_rss_mb")),
                     ranged(of.get("after_burst_ratio"))])
    return table(head, rows)


def start_table(figures):
    return table(["target", workloads.FIGURES["start_ms"]],
                 [[name, ranged(of.get("start_ms"))] for name, of in figures.items()])


def near_cost_table(figures):
    names = ("sketch_share", "entry_overhead_bytes")
    head = ["target", "sketch ns per touch", *(workloads.FIGURES[name] for name in names)]
    return table(head, [[name, ranged(of["sketch_ns"]), *(ranged(of[one]) for one in names)]
                        for name, of in figures.items()])


def verdict_table(rows):
    head = ["target", "workload", "figure", "goal", "measured", "verdict"]
    return table(head, [[row["target"], row["workload"], workloads.FIGURES[row["figure"]], row["goal"],
                         ranged(row["measured"]), row["verdict"]] for row in rows])
