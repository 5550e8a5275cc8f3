import { Paper, Text } from '@mantine/core';
import type { ReactNode } from 'react';

/** It was answered, and there is none; says what that means. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <Paper withBorder p="md" role="status">
      <Text fw={600}>{title}</Text>
      {children}
    </Paper>
  );
}
