import { Checkbox, Radio, Stack } from '@mantine/core';
import { ChooseUpdates } from './choose-updates.tsx';
import { chosenIn, type PatchSearch } from './wish.ts';

const WHATS = [
  ['security', 'Security updates only'],
  ['all', 'All updates'],
  ['chosen', 'Single updates'],
] as const;

/** What to patch, and what that may do; all of it is in the address. */
export function WishForm({
  hostId,
  fqdn,
  search,
  change,
}: {
  readonly hostId: string;
  readonly fqdn: string;
  readonly search: PatchSearch;
  readonly change: (search: PatchSearch) => void;
}) {
  const { what: _what, ...rest } = search;
  return (
    <Stack>
      <Radio.Group
        label={`What to patch on ${fqdn}`}
        name="what"
        value={search.what ?? 'security'}
        onChange={(value) =>
          change(value === 'all' || value === 'chosen' ? { ...rest, what: value } : { ...rest })
        }
      >
        <Stack gap="xs" mt="xs">
          {WHATS.map(([value, label]) => (
            <Radio key={value} value={value} label={label} />
          ))}
        </Stack>
      </Radio.Group>
      {search.what === 'chosen' ? (
        <ChooseUpdates
          hostId={hostId}
          chosen={chosenIn(search)}
          choose={(names) => {
            const { p: _p, ...others } = search;
            change(names.length === 0 ? others : { ...others, p: names.join(',') });
          }}
        />
      ) : null}
      <Checkbox
        label="Allow updates to remove other packages"
        description="Without this, an update that does not fit with another package stays out."
        checked={search.removals === 'yes'}
        onChange={() => {
          const { removals, ...others } = search;
          change(removals === 'yes' ? others : { ...others, removals: 'yes' });
        }}
      />
      <Checkbox
        label="Let the host reboot afterwards when it needs to, five minutes after it says so"
        checked={search.reboot === 'yes'}
        onChange={() => {
          const { reboot, ...others } = search;
          change(reboot === 'yes' ? others : { ...others, reboot: 'yes' });
        }}
      />
    </Stack>
  );
}
