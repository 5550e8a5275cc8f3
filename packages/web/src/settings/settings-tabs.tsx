import { Tabs } from '../shell/tabs.tsx';

/** What belongs to the manager itself. */
export function SettingsTabs() {
  return (
    <Tabs
      label="Settings"
      of={[
        ['/settings/ca', 'Certificate authority'],
        ['/settings/people', 'People'],
        ['/settings/programs', 'Programs'],
        ['/settings/configuration', 'Configuration'],
      ]}
    />
  );
}
