import { type Engine, ensureDemoImage, ensureEngine, openRun, type Run, tearDown } from '@hedgerow/cli';

export interface TestEngine extends Engine {
  run: Run;
  stop(): Promise<void>;
}

/** A Docker Engine of this test's own with the image `hedgerow/demo:1`; half a second. */
export async function startTestEngine(): Promise<TestEngine> {
  const run = openRun();
  const stop = () => tearDown(run);
  try {
    const engine = await ensureEngine(run, '');
    await ensureDemoImage(engine.socket);
    return { ...engine, run, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
