import { join } from 'node:path';
import { lazily, PlanHash, PlanStep } from '@linux-patch/contract';
import type { Files } from '@linux-patch/runtime';
import { z } from 'zod';
import { keepNewest } from '../admission/keep-newest.ts';
import type { PlanAnswer } from './plan-question.ts';

/** Plans that somebody may still approve. */
const MOST_PLANS = 32;
/** More than any change touches. */
const MOST_STEPS = 200_000;
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

const StoredPlan = lazily(() =>
  z.strictObject({
    v: z.literal(1),
    hash: PlanHash,
    steps: z.array(z.strictObject(PlanStep.unwrap().shape)).max(MOST_STEPS),
  }),
);

/** The steps of the plans that were made last, so that a job that was approved by one can say later what is different. */
export interface PlannedSteps {
  remember(plan: Pick<PlanAnswer, 'hash' | 'steps'>): Promise<void>;
  /** Undefined when it was not made here, or too long ago. */
  find(hash: string | undefined): Promise<readonly PlanStep[] | undefined>;
}

/** @param own folder of the worker */
export function openPlannedSteps(files: Files, own: string): PlannedSteps {
  const folder = join(own, 'plans');
  const fileOf = (hash: string): string => join(folder, `${hash}.json`);
  return {
    async remember({ hash, steps }) {
      await files.makeFolder(folder, FOLDER_MODE);
      const stored = { v: 1, hash, steps } satisfies z.input<typeof StoredPlan>;
      await files.writeDurably({ path: fileOf(hash), data: JSON.stringify(stored), mode: FILE_MODE });
      await keepNewest(files, folder, MOST_PLANS);
    },
    async find(hash) {
      const text = hash === undefined ? undefined : await files.readText(fileOf(hash));
      return text === undefined ? undefined : stepsOf(text);
    },
  };
}

/** A file that a broken disk gave back is as good as none: the job says less of what is different. */
function stepsOf(text: string): readonly PlanStep[] | undefined {
  try {
    return StoredPlan.parse(JSON.parse(text)).steps;
  } catch {
    return undefined;
  }
}
