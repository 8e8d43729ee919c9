// A chart that can be read without seeing it: a legend with the values under the cursor, which the arrow keys move too, and a table in its place.
import { useEffect, useRef, useState } from 'preact/hooks';
import type uPlot from 'uplot';
import { clock } from '../lib/format';
import { useStore } from '../lib/store';
import { look } from '../lib/theme';
import { nextIndex } from './chart_keys';
import { createPlot, dataOf, type PlotOptions } from './plot';
import type { Series } from './stack';
import { Table } from './table';

interface Props {
  title: string;
  x: readonly number[];
  series: readonly Series[];
  format(value: number): string;
  kind?: 'time' | 'log';
  formatX?(value: number): string;
  nameX?: string;
  stacked?: boolean;
  height?: number;
  top?: number;
  mark?: number;
  note?: string;
}

const kTableRows = 60;
const kHeight = 220;
const kLegendHeight = 26;

export function Chart(props: Props) {
  const [asTable, setAsTable] = useState(false);
  const [cursor, setCursor] = useState<number>();
  const { title, note, x, series } = props;
  const at = cursor !== undefined && cursor < x.length ? cursor : undefined;
  return (
    <figure class="panel chart">
      <header>
        <h2>{title}</h2>
        <button type="button" class="quiet" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
          {asTable ? 'Chart' : 'Table'}
          <span class="hidden"> of {title}</span>
        </button>
      </header>
      {note && <p class="note">{note}</p>}
      {x.length < 2 || series.length === 0 ? (
        <p class="empty chart-empty" style={{ minHeight: `${(props.height ?? kHeight) + kLegendHeight}px` }}>
          {x.length < 2 ? 'Watching from now on…' : 'No lookups since this page is open.'}
        </p>
      ) : asTable ? (
        <ChartTable {...props} />
      ) : (
        <>
          <Canvas {...props} cursor={at} onCursor={setCursor} />
          <Legend {...props} series={series} at={at} />
        </>
      )}
    </figure>
  );
}

function nameOf({ kind, formatX }: Props, value: number): string {
  return kind === 'log' ? (formatX?.(value) ?? String(value)) : clock(value * 1000);
}

function Legend(props: Props & { at: number | undefined }) {
  const { x, series, format, at } = props;
  const index = at ?? x.length - 1;
  return (
    <div class="legend" aria-live={at === undefined ? 'off' : 'polite'}>
      <span class="at">{at === undefined ? (props.kind === 'log' ? '' : 'now') : nameOf(props, x[index] ?? 0)}</span>
      {series.map((one) => {
        const value = one.values[index];
        return (
          <span key={one.label} class={value ? 'item' : 'item none'}>
            <i class="swatch" style={{ background: `var(${one.color})` }} aria-hidden="true" />
            {one.label} <b>{value == null ? '–' : format(value)}</b>
          </span>
        );
      })}
    </div>
  );
}

function ChartTable(props: Props) {
  const { title, x, series, format, nameX = 'Time' } = props;
  const step = Math.max(1, Math.ceil(x.length / kTableRows));
  const rows = x.map((_value, index) => index).filter((index) => (x.length - 1 - index) % step === 0);
  if (props.kind !== 'log') rows.reverse();
  return (
    <Table
      caption={`${title}, as a table`}
      rows={rows}
      keyOf={(index) => x[index] ?? index}
      empty=""
      columns={[
        { head: nameX, cell: (index) => nameOf(props, x[index] ?? 0) },
        ...series.map((one) => ({
          head: one.label,
          number: true,
          cell: (index: number) => (one.values[index] == null ? '–' : format(one.values[index])),
        })),
      ]}
    />
  );
}

function Canvas(props: Props & { cursor: number | undefined; onCursor(index: number | undefined): void }) {
  const { title, x, series, kind = 'time', stacked = false, height = kHeight, mark, top, onCursor } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>();
  const latest = useRef(props);
  latest.current = props;
  const colours = useStore(look);
  const shape = `${colours} ${kind} ${stacked} ${mark} ${series.map((one) => one.label).join()} ${kind === 'log' ? x.length : ''}`;

  useEffect(() => {
    const target = place.current;
    if (!target) return;
    const { x, series, format, formatX = String } = latest.current;
    const options: PlotOptions = { x, series, kind, stacked, format, formatX, mark, top, onCursor: (index) => latest.current.onCursor(index) };
    const made = createPlot(target, options, target.clientWidth, height);
    plot.current = made;
    const resize = new ResizeObserver(() => made.setSize({ width: target.clientWidth, height }));
    resize.observe(target);
    return () => {
      resize.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [shape, height]);
  useEffect(() => plot.current?.setData(dataOf({ x, series, stacked })), [x, series]);

  function move(event: KeyboardEvent): void {
    const index = nextIndex(event.key, props.cursor, x.length);
    if (index === undefined || !plot.current) return;
    event.preventDefault();
    onCursor(index);
    plot.current.setCursor({ left: plot.current.valToPos(x[index] ?? 0, 'x'), top: 0 });
  }
  return (
    <div
      ref={place}
      class="canvas"
      tabIndex={0}
      role="group"
      aria-label={`${title}. Arrow keys move through the values; the button before it shows them as a table.`}
      onKeyDown={move}
      onBlur={() => plot.current?.setCursor({ left: -10, top: -10 })}
    />
  );
}
