import { printableLine } from '../printable.ts';

/** What is shown of how far a job is. */
export interface ShownProgress {
  readonly status: string;
  readonly progress_percent: number;
  readonly message: string;
}

const BAR_WIDTH = 24;

/** One line: a bar, the percentage, what is being done. */
export function renderProgress(progress: ShownProgress): string {
  const percent = Math.max(0, Math.min(100, Math.round(progress.progress_percent)));
  const filled = Math.round((percent / 100) * BAR_WIDTH);
  const bar = '#'.repeat(filled).padEnd(BAR_WIDTH, '.');
  return `[${bar}] ${String(percent).padStart(3)} %  ${printableLine(progress.message || progress.status)}`;
}

/** Where progress is shown. */
export interface ProgressScreen {
  readonly write: (text: string) => void;
  /** Draws one line again and again; undefined where that cannot be. */
  readonly redraw: ((line: string) => void) | undefined;
}

/** Shows steps as they come: redrawn in place on a terminal, a line each time something changes elsewhere. */
export function createProgressDisplay(screen: ProgressScreen): {
  show(progress: ShownProgress): void;
  end(): void;
} {
  let last = '';
  return {
    show(progress) {
      const line = renderProgress(progress);
      if (line === last) return;
      last = line;
      if (screen.redraw) screen.redraw(line);
      else screen.write(`${line}\n`);
    },
    end() {
      if (screen.redraw && last) screen.write('\n');
    },
  };
}
