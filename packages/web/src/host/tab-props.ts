import type { Host } from '@linux-patch/contract';

/** What every tab of a host is given. */
export interface TabProps {
  readonly host: Host;
}
