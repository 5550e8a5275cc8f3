import { Labels } from '@linux-patch/contract';
import type { JoinTokenRow } from '../database/schema.ts';
import { readStored } from '../database/stored-json.ts';

/** What the hosts get that a join token lets in. */
export function labelsOf({ labels }: Pick<JoinTokenRow, 'labels'>): Labels {
  return labels === null ? {} : readStored(Labels, labels, {});
}
