import { Tabs } from '../shell/tabs.tsx';

/** Jobs one by one, and what was asked of many hosts at once. */
export function JobsTabs() {
  return (
    <Tabs
      label="Jobs"
      of={[
        ['/jobs', 'Every job'],
        ['/acts', 'On many hosts'],
      ]}
    />
  );
}
