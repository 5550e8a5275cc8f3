import { Alert, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Answered } from '../api/call.ts';
import { ask } from '../api/queries.ts';
import { Loaded } from '../states/loaded.tsx';
import { Listing, Row } from '../words/listing.tsx';
import { Prose } from '../words/prose.tsx';
import { SettingsTabs } from './settings-tabs.tsx';

type Setting = Answered<'configuration'>['settings'][number];

function whereSet({ line, default: usual, after_restart: then }: Setting): string {
  const set =
    line === null ? (usual === null ? 'nowhere; it needs no value' : 'nowhere: the default') : `line ${line}`;
  return then === null ? set : `${set}; ▲ the file says ${then} by now, which a restart takes up`;
}

/** What the manager runs with, and where each of it is set. */
export function ConfigurationScreen() {
  const query = useQuery(ask('configuration'));
  return (
    <>
      <Title order={1}>Configuration</Title>
      <SettingsTabs />
      <Loaded query={query} what="its configuration">
        {({ file, file_fault: fault, settings }) => (
          <>
            <Text my="md">
              Read from <code>{file}</code> when the manager started. It is changed there, by root on the
              manager&apos;s machine, and counts after <code>systemctl restart linux-patch-manager</code>.
            </Text>
            {fault === null ? null : (
              <Alert color="red" title="✖ With this file the manager would not start again" role="alert">
                {fault}
              </Alert>
            )}
            <Listing caption="What it runs with" columns={['Key', 'Value', 'Set', 'Meaning']}>
              {settings.map((one) => (
                <Row
                  key={one.key}
                  cells={[
                    <code key="key">{one.key}</code>,
                    <span key="value" className="told">
                      {one.value ?? '–'}
                    </span>,
                    whereSet(one),
                    <Prose key="meaning" text={one.meaning} />,
                  ]}
                />
              ))}
            </Listing>
          </>
        )}
      </Loaded>
    </>
  );
}
