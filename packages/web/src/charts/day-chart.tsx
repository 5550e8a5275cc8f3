import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { changeOf, type DayLines } from './days.ts';
import { STROKES } from './strokes.ts';

const HEIGHT = 220;
/** With so few days a line alone would be hard to see. */
const FEW_DAYS = 20;
const DAY_S = 86_400;
/** What the axes are divided into. */
const DAYS_BETWEEN = [1, 2, 7, 14, 28, 91, 182, 364];
const NUMBERS_BETWEEN = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000];

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--mantine-color-${name}`);
}

function draw(place: HTMLElement, { seconds, lines }: DayLines): UPlot {
  const [text, grid] = [colour('text'), colour('default-border')];
  const axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
  return new UPlot(
    {
      width: place.clientWidth,
      height: HEIGHT,
      // Days are those of UTC, as they were written down.
      tzDate: (second) => UPlot.tzDate(new Date(second * 1_000), 'Etc/UTC'),
      legend: { show: false },
      cursor: { show: false },
      scales: { y: { range: (_, __, most) => [0, Math.max(1, Math.ceil(most * 1.05))] } },
      axes: [
        {
          ...axis,
          incrs: DAYS_BETWEEN.map((days) => days * DAY_S),
          values: (_, seconds) =>
            seconds.map((second) => new Date(second * 1_000).toISOString().slice(5, 10)),
        },
        { ...axis, incrs: [...NUMBERS_BETWEEN] },
      ],
      series: [
        {},
        ...lines.map(({ name }, at) => {
          const { colour: stroke, dash } = STROKES[at] ?? { colour: 'text', dash: [] };
          return {
            label: name,
            stroke: colour(stroke),
            width: 2,
            dash: [...dash],
            points: { show: seconds.length <= FEW_DAYS },
          };
        }),
      ],
    },
    [[...seconds], ...lines.map(({ values }) => [...values])],
    place,
  );
}

/** Lines over days. What it shows stands in words and numbers beside it. */
export function DayChart({ what, days }: { readonly what: string; readonly days: DayLines }) {
  const place = useRef<HTMLDivElement>(null);
  // Colours are drawn, so another scheme is another drawing.
  const scheme = useComputedColorScheme();
  useEffect(() => {
    const frame = place.current;
    if (!frame) return undefined;
    const chart = draw(frame, days);
    frame.dataset.scheme = scheme;
    const watch = new ResizeObserver(() => chart.setSize({ width: frame.clientWidth, height: HEIGHT }));
    watch.observe(frame);
    return () => {
      watch.disconnect();
      chart.destroy();
    };
  }, [days, scheme]);
  return (
    <div
      ref={place}
      role="img"
      className="chart"
      aria-label={`${what}: ${days.lines.map(changeOf).join('; ')}`}
    />
  );
}
