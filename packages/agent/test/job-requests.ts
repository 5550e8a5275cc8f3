import type { JobRequest } from '@linux-patch/worker';

/** An installation without any option. */
export const install = (name: string): JobRequest => ({
  operation: 'install',
  packages: [{ name }],
  force: false,
  noRecommends: false,
  allowDowngrade: false,
});

/** An apply of the older form with an empty list, which is done at once. */
export const nothing: JobRequest = {
  operation: 'patch_apply',
  selection: { kind: 'none' },
  exclude: [],
  reboot: false,
  rebootDelaySeconds: 0,
};
