/** `1 host`, `2 hosts` */
export const hostWords = (count: number): string => (count === 1 ? '1 host' : `${count} hosts`);
