/** Where a key moves the cursor of a chart with so many values; undefined: the key is none of its own. */
export function nextIndex(key: string, index: number | undefined, length: number): number | undefined {
  const last = length - 1;
  switch (key) {
    case 'ArrowLeft':
      return Math.max(0, (index ?? length) - 1);
    case 'ArrowRight':
      return Math.min(last, (index ?? last) + 1);
    case 'Home':
      return 0;
    case 'End':
      return last;
    default:
      return undefined;
  }
}
