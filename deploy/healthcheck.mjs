// node deploy/healthcheck.mjs [PORT…]: does the process of this container live? Without a port it asks the web
// site's and the one of VISAVIS_HEALTH_PORT; one of them has to answer.
const given = process.argv.slice(2);
const ports = given.length > 0 ? given : [process.env.PORT || '8080', process.env.VISAVIS_HEALTH_PORT];
const answers = await Promise.all(
  ports
    .filter((port) => port)
    .map(async (port) => {
      try {
        const signal = AbortSignal.timeout(5_000);
        return (await fetch(`http://127.0.0.1:${port}/live`, { signal })).ok;
      } catch {
        return false;
      }
    }),
);
process.exit(answers.includes(true) ? 0 : 1);
