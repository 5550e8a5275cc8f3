import { Alert } from '@mantine/core';
import { ageOf } from '../words/age.ts';
import { useClockDifference } from '../words/manager-clock.ts';

/** What is told to somebody whose device and manager do not agree on the time. */
export function ClockRemark() {
  const aheadMs = useClockDifference();
  if (aheadMs === 0) return null;
  const far = ageOf(0, Math.abs(aheadMs));
  return (
    <Alert color="yellow" mb="md" role="status">
      The clock of this device is {far} {aheadMs > 0 ? 'behind' : 'ahead of'} the manager's, so one of them is
      wrong. Ages on this page go by the manager's. Compare both with a clock that is right: certificates and
      codes of authenticators need the manager's to be.
    </Alert>
  );
}
