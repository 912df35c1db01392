/**
 * Has onnxruntime report nothing. Since 1.30 its library for Linux notes sessions and their timings below the home
 * folder (`.cache/Microsoft/DeveloperTools`) under an id of the machine, and sends them to Microsoft, unless this
 * variable is in the environment of the process when it is first used. Called in the main thread before a thread is
 * started: what a thread sets stays in its own copy.
 */
export function reportNothing(): void {
  process.env.ORT_DISABLE_TELEMETRY = '1';
}
