// Synthesizes CDK apps in one process, since loading the CDK takes longer than all of them: each writes its templates when the
// process ends. Argument: a JSON list of { app, outDir, context }.
import { pathToFileURL } from 'node:url';

for (const [index, { app, outDir, context }] of JSON.parse(process.argv[2]).entries()) {
  process.env.CDK_OUTDIR = outDir;
  process.env.CDK_CONTEXT_JSON = JSON.stringify(context);
  await import(`${pathToFileURL(app).href}?${index}`);
}
