/** A reporter for `node --test` that writes the totals of the whole run as one JSON object and nothing else. */
// biome-ignore lint/style/noDefaultExport: the runner takes a reporter's default export.
export default async function* totals(source) {
  for await (const event of source) {
    if (event.type !== 'test:summary' || event.data.file !== undefined) continue;
    const counts = event.data.counts;
    yield JSON.stringify({
      passed: counts.passed,
      failed: counts.failed + counts.cancelled,
      skipped: counts.skipped + counts.todo,
    });
  }
}
