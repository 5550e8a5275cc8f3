import { Tabs } from '../shell/tabs.tsx';

/** The ways by which hosts come in. */
export function QueueTabs() {
  return (
    <Tabs
      label="Ways in"
      of={[
        ['/queue', 'Asking to join'],
        ['/queue/tokens', 'Join tokens'],
      ]}
    />
  );
}
