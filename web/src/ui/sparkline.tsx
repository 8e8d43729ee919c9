/** A small line; `label` says in words what it shows. The last value, of a minute that isn't over, is drawn apart. */
export function Sparkline({ values, label, unfinished = false }: { values: readonly number[]; label: string; unfinished?: boolean }) {
  const width = 96;
  const height = 24;
  const top = Math.max(...values, 1);
  const points = values.map((value, index) => {
    const x = 1 + (index * (width - 2)) / Math.max(1, values.length - 1);
    return `${x.toFixed(1)},${(height - 2 - (value / top) * (height - 4)).toFixed(1)}`;
  });
  const solid = unfinished ? points.slice(0, -1) : points;
  return (
    <svg class="sparkline" viewBox={`0 0 ${width} ${height}`} width={width} height={height} role="img" aria-label={label}>
      <polygon points={`1,${height} ${solid.join(' ')} ${solid.at(-1)?.split(',')[0] ?? 1},${height}`} />
      <polyline points={solid.join(' ')} />
      {unfinished && <polyline class="unfinished" points={points.slice(-2).join(' ')} />}
    </svg>
  );
}
