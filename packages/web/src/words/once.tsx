import { Paper, Text } from '@mantine/core';
import { ToPaste } from './to-paste.tsx';

/** A secret that is shown this once. */
export function Once({
  title,
  secret,
  note,
}: {
  readonly title: string;
  readonly secret: string;
  readonly note: string;
}) {
  return (
    <Paper withBorder p="md" mt="sm">
      <Text fw={600}>{title}</Text>
      <Text size="sm" mb="xs">
        {note}
      </Text>
      <ToPaste name={title} text={secret} />
    </Paper>
  );
}
