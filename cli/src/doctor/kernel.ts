import { checkKernel as tryFeatures } from '@hedgerow/net-manager/check-kernel';
import { type Finding, failed, ok, warning } from './finding.ts';

/** The same trial that a worker makes when it starts, in network namespaces that end with it. */
export async function checkKernel(): Promise<Finding[]> {
  const features = await tryFeatures();
  return features.map(({ name, why, mend, vital }) => {
    if (why === '') return ok(name, 'works');
    return (vital ? failed : warning)(name, why, mend);
  });
}
