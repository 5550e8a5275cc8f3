import { Tabs } from '../shell/tabs.tsx';

/** The ways by which hosts come in. */
export function QueueTabs() {
  return (
    <Tabs
      label="Ways in"
      of={[
        ['/queue', 'Who asks'],
        ['/queue/tokens', 'Join tokens'],
      ]}
    />
  );
}
