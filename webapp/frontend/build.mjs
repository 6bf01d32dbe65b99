// Builds the front end into ../static/dist and writes manifest.json, which asset() in
// webapp/assets.py reads. Fails on any warning: a page must not meet it first.
import { rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const dist = path.join(here, "..", "static", "dist");
const fresh = `${dist}.new`;

await rm(fresh, { recursive: true, force: true });
const { metafile, warnings } = await esbuild.build({
  absWorkingDir: here,
  entryPoints: { app: "app/index.js", viewer: "viewer/index.js" },
  outdir: fresh,
  bundle: true,
  format: "esm",
  splitting: true,
  minify: true,
  metafile: true,
  sourcemap: false,
  target: ["chrome109", "firefox115", "safari16"],
  loader: { ".woff2": "file", ".svg": "dataurl" },
  entryNames: "[name]-[hash]",
  chunkNames: "part-[name]-[hash]",
  assetNames: "[name]-[hash]",
  legalComments: "linked",
  logLevel: "warning",
});
if (warnings.length) process.exit(1);

const manifest = {};
for (const [file, output] of Object.entries(metafile.outputs)) {
  if (!output.entryPoint) continue;
  const name = path.dirname(output.entryPoint);
  if (name.includes("/") || path.basename(output.entryPoint) !== "index.js") continue; // a part
  manifest[`${name}.js`] = path.basename(file);
  if (output.cssBundle) manifest[`${name}.css`] = path.basename(output.cssBundle);
}
await writeFile(path.join(fresh, "manifest.json"), JSON.stringify(manifest, null, 1) + "\n");
await rm(dist, { recursive: true, force: true });
await rename(fresh, dist);

for (const [name, file] of Object.entries(manifest)) {
  const bytes = Object.entries(metafile.outputs).find(([key]) => key.endsWith(`/${file}`))[1].bytes;
  console.log(`    ${name.padEnd(12)} ${String(Math.round(bytes / 1024)).padStart(5)} KiB`);
}
