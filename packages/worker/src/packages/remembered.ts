/** Remembers what was read last for one key; a reading that failed is not remembered. */
export function remembered<T>(): (key: string, read: () => Promise<T>) => Promise<T> {
  let memory: { readonly key: string; readonly value: Promise<T> } | undefined;
  return (key, read) => {
    if (memory?.key === key) return memory.value;
    const value = read();
    memory = { key, value };
    value.catch(() => {
      if (memory?.value === value) memory = undefined;
    });
    return value;
  };
}
