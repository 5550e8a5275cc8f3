import { addressOf } from '../api/call.ts';
import { addOutput, NO_OUTPUT, type OutputTail } from './output-tail.ts';

/** A step of a job as the manager sends it. */
interface Progress {
  readonly status: string;
  readonly progress_percent: number;
  readonly message: string;
  readonly output: string | null;
  readonly seq: number;
  readonly missed: number;
}

/** What is known of a job while it runs. */
export interface LiveJob {
  readonly tail: OutputTail;
  readonly percent: number;
  readonly message: string;
  /** Whether some of the output between did not come; the record of the job has it. */
  readonly hasGap: boolean;
  /** Why nothing comes now; undefined while it does. */
  readonly trouble: string | undefined;
}

/** Between two drawings, however much comes. */
const DRAW_MS = 200;
const AGAIN_MS = 3_000;
const LOST = 'The stream of the output broke off; it is taken up again where it was.';

/** What is known after one more step. */
function withStep(live: LiveJob, step: Progress, isResumed: boolean): LiveJob {
  return {
    tail: step.output === null || step.output === '' ? live.tail : addOutput(live.tail, step.output),
    percent: step.progress_percent,
    message: step.message,
    hasGap: live.hasGap || (isResumed && step.missed > 0),
    trouble: undefined,
  };
}

/**
 * Follows what a job prints until told to stop; takes it up again after the last that was seen.
 * @param show told now and then how it stands
 * @param ended told when the stream says that the job has ended
 * @returns what stops it
 */
export function followOutput(
  parameters: { readonly id: string; readonly job: string },
  show: (live: LiveJob) => void,
  ended: () => void,
): () => void {
  let live: LiveJob = { tail: NO_OUTPUT, percent: 0, message: '', hasGap: false, trouble: undefined };
  // With nothing seen, the host sends what it still has.
  let seq = 0;
  let source: EventSource | undefined;
  let again: ReturnType<typeof setTimeout> | undefined;
  let drawing: ReturnType<typeof setTimeout> | undefined;
  const draw = (): void => {
    drawing ??= setTimeout(() => {
      drawing = undefined;
      show(live);
    }, DRAW_MS);
  };
  const pause = (trouble: string | undefined): void => {
    source?.close();
    live = { ...live, trouble };
    draw();
    again = setTimeout(open, AGAIN_MS);
  };
  const open = (): void => {
    const from = seq;
    source = new EventSource(addressOf('hostJobEvents', { parameters, query: { from_seq: from } }));
    source.addEventListener('progress', ({ data }: MessageEvent<string>) => {
      const step = JSON.parse(data) as Progress;
      live = withStep(live, step, seq > 0);
      seq = Math.max(seq, step.seq);
      draw();
    });
    source.addEventListener('failed', ({ data }: MessageEvent<string>) =>
      pause((JSON.parse(data) as { readonly message: string }).message),
    );
    source.addEventListener('end', () => {
      ended();
      pause(undefined);
    });
    source.addEventListener('error', () => pause(LOST));
  };
  open();
  return () => {
    source?.close();
    clearTimeout(again);
    clearTimeout(drawing);
  };
}
