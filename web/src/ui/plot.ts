// The one place that knows uPlot: makes a plot of plain series, stacked or not, in the theme's colours.
import uPlot from 'uplot';
import { clock } from '../lib/format';
import { stack, type Series } from './stack';

export interface PlotOptions {
  x: readonly number[];
  series: readonly Series[];
  /** time: seconds since 1970. log: any positive number, written by formatX. */
  kind: 'time' | 'log';
  stacked: boolean;
  format(value: number): string;
  formatX(value: number): string;
  /** The y axis ends there; undefined: at the largest value. */
  top: number | undefined;
  mark: number | undefined;
  onCursor(index: number | undefined): void;
}

// A chart of time shows a minute at least, and marks whole seconds.
const kLeastSeconds = 60;
// Pixels that the name of a value on the x axis takes.
const kNamePixels = 64;
const kTicks = [1, 5, 10, 15, 30, 60, 120, 300, 600];

export function dataOf({ x, series, stacked }: Pick<PlotOptions, 'x' | 'series' | 'stacked'>): uPlot.AlignedData {
  const values = stacked ? stack(series).reverse() : series.map((one) => [...one.values]);
  return [[...x], ...values];
}

export function createPlot(target: HTMLElement, options: PlotOptions, width: number, height: number): uPlot {
  const style = getComputedStyle(target);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const ordered = options.stacked ? [...options.series].reverse() : options.series;
  const axis = { stroke: color('--muted'), font: '11px system-ui, sans-serif', ticks: { show: false } };
  return new uPlot(
    {
      width,
      height,
      padding: [8, 28, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: !options.stacked } },
      scales: {
        x: options.kind === 'time' ? { time: true, range: (_plot, low, high) => [Math.min(low, high - kLeastSeconds), high] } : { time: false, distr: 3, log: 2 },
        y: { range: (_plot, _low, high) => [0, options.top ?? (high > 0 ? high * 1.05 : 1)] },
      },
      axes: [
        { ...axis, size: 26, grid: { show: false }, space: 74, ...xAxis(options) },
        { ...axis, size: 62, grid: { stroke: color('--grid'), width: 1 }, values: (_plot, splits) => splits.map(options.format) },
      ],
      series: [{}, ...ordered.map((one) => seriesOf(one, color(one.color), options.stacked))],
      hooks: {
        setCursor: [(plot) => options.onCursor(plot.cursor.idx ?? undefined)],
        draw: options.mark === undefined ? [] : [(plot) => drawMark(plot, options.mark ?? 0, color('--muted'))],
      },
    },
    dataOf(options),
    target,
  );
}

function seriesOf(one: Series, stroke: string, stacked: boolean): uPlot.Series {
  return {
    label: one.label,
    stroke,
    width: stacked ? 1 : 2,
    points: { show: false },
    ...(stacked ? { fill: stroke } : {}),
    ...(one.dash ? { dash: one.dash } : {}),
  };
}

function xAxis({ kind, x, formatX }: PlotOptions): Partial<uPlot.Axis> {
  if (kind === 'time') return { incrs: [...kTicks], values: (_plot, splits) => splits.map((second) => clock(second * 1000).slice(-8)) };
  const names = (plot: uPlot) => x.filter((_value, index) => index % Math.ceil(x.length / Math.max(2, Math.floor(plot.width / kNamePixels) - 1)) === 0);
  return { filter: (_plot, splits) => splits, splits: names, values: (_plot, splits) => splits.map(formatX) };
}

function drawMark(plot: uPlot, at: number, stroke: string): void {
  const x = plot.valToPos(at, 'x', true);
  if (!Number.isFinite(x) || x < plot.bbox.left || x > plot.bbox.left + plot.bbox.width) return;
  const { ctx } = plot;
  ctx.save();
  ctx.strokeStyle = stroke;
  ctx.setLineDash([4, 4]);
  ctx.beginPath();
  ctx.moveTo(x, plot.bbox.top);
  ctx.lineTo(x, plot.bbox.top + plot.bbox.height);
  ctx.stroke();
  ctx.restore();
}
