export interface Series {
  label: string;
  /** A custom property of the style sheet, like --hit. */
  color: string;
  values: readonly (number | null)[];
  dash?: number[];
}

/** A stack's areas, each from 0: drawn in reverse order, so that each covers all but its own part of the one before. */
export function stack(series: readonly Series[]): (number | null)[][] {
  const sums: (number | null)[][] = [];
  series.forEach((one, index) => {
    const below = sums[index - 1];
    sums.push(one.values.map((value, at) => (value === null ? null : value + (below?.[at] ?? 0))));
  });
  return sums;
}
