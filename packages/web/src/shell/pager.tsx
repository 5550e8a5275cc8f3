import { Button, Group, Text } from '@mantine/core';

/** Rows that a list of the manager has at once. */
export const PAGE_ROWS = 60;

/** The way through a list that the manager hands out in parts. */
export function Pager({
  from,
  shown,
  total,
  go,
}: {
  /** Entries before the first that is shown. */
  readonly from: number;
  readonly shown: number;
  readonly total: number;
  readonly go: (from: number) => void;
}) {
  if (total <= PAGE_ROWS && from === 0) return null;
  return (
    <Group>
      <Button variant="default" disabled={from === 0} onClick={() => go(Math.max(0, from - PAGE_ROWS))}>
        Before
      </Button>
      <Text role="status">
        {shown === 0 ? 'none here' : `${from + 1} to ${from + shown}`} of {total.toLocaleString('en')}
      </Text>
      <Button variant="default" disabled={from + shown >= total} onClick={() => go(from + PAGE_ROWS)}>
        After
      </Button>
    </Group>
  );
}
