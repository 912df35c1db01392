import { readExclusions, setExclusions } from '../../core/catalog/exclusions.ts';
import { VisavisError } from '../../core/platform/errors.ts';
import { wordsOf } from '../../core/platform/words.ts';
import type { Duplicate } from '../../core/projects/duplicates.ts';
import { createProject, type ProjectInput } from '../../core/projects/projects.ts';
import { FILE_CAP } from '../../core/projects/settings.ts';
import { mostFilesFor, requireActive } from '../access.ts';
import { newRouter, type WebContext, type WebRouter } from '../context.ts';
import { field, linesOf, seeOther, ticked, toNumber } from '../form.ts';
import { rateLimit } from '../middleware/rate-limit.ts';
import type { RouteDeps } from './index.ts';

/** What the form shows at first. */
const DEFAULTS = {
  persons: '',
  category: '',
  title: '',
  threshold: '0.6',
  minConfirmed: '2',
  votesNeeded: '2',
  depth: '3',
  fileCap: String(FILE_CAP),
  excluded: '',
  open: '',
  matching: 'on',
  acknowledged: '',
  anyway: '',
};
type Form = Record<keyof typeof DEFAULTS, string>;

/** Setting up a project: who is looked for, and where. */
export function newProjectRoutes(deps: RouteDeps): WebRouter {
  const { view, limits, wiki } = deps;
  const router = newRouter();

  router.get('/projects/new', (ctx) => {
    requireActive(ctx);
    view.render(ctx, 'new-project', {
      mostFiles: mostFilesFor(ctx),
      form: DEFAULTS,
      problem: null,
      size: null,
      found: null,
    });
  });

  // Two of the buttons only look something up and show the form again, for browsers without modules.
  router.post('/projects/new', rateLimit(limits, 'category'), async (ctx) => {
    const account = requireActive(ctx);
    const form = readForm(ctx);
    const act = field(ctx, 'act');
    try {
      if (act === 'find') {
        const found = await wiki.searchItems(field(ctx, 'search'), ctx.state.t.language);
        return view.render(ctx, 'new-project', {
          mostFiles: mostFilesFor(ctx),
          form,
          problem: null,
          size: null,
          found,
        });
      }
      if (act === 'size') {
        const size = await wiki.categoryInfo(form.category);
        return view.render(ctx, 'new-project', {
          mostFiles: mostFilesFor(ctx),
          form,
          problem: null,
          size,
          found: null,
        });
      }
      const excluded = readExclusions(linesOf(form.excluded), form.category);
      const id = await createProject(deps, account.id, readInput(form));
      if (excluded.length > 0) await setExclusions(deps, id, account.id, excluded);
      seeOther(ctx, `/projects/${id}?done=created`);
    } catch (error) {
      // What was filled in stays, with the reason above it.
      if (!(error instanceof VisavisError) || error.status >= 500) throw error;
      ctx.status = error.status;
      const duplicates = (error.details.duplicates ?? []) as readonly Duplicate[];
      const problem = duplicates.length > 0 ? null : wordsOf(ctx.state.t, error);
      view.render(ctx, 'new-project', {
        mostFiles: mostFilesFor(ctx),
        form,
        problem,
        duplicates,
        size: null,
        found: null,
      });
    }
  });

  return router;
}

function readForm(ctx: WebContext): Form {
  const form = { ...DEFAULTS };
  for (const name of Object.keys(DEFAULTS) as (keyof Form)[]) form[name] = field(ctx, name).trim();
  form.open = ticked(ctx, 'open') ? 'on' : '';
  form.matching = ticked(ctx, 'matching') ? 'on' : '';
  form.acknowledged = ticked(ctx, 'acknowledged') ? 'on' : '';
  form.anyway = ticked(ctx, 'anyway') ? 'on' : '';
  return form;
}

function readInput(form: Form): ProjectInput {
  return {
    persons: form.persons
      .split(/[\s,;]+/)
      .map((person) => person.toUpperCase())
      .filter((person) => person !== ''),
    category: form.category,
    ...(form.title === '' ? {} : { title: form.title }),
    votesNeeded: toNumber(form.votesNeeded),
    threshold: toNumber(form.threshold),
    minConfirmed: toNumber(form.minConfirmed),
    depth: toNumber(form.depth),
    ...(form.fileCap === '' ? {} : { fileCap: toNumber(form.fileCap) }),
    open: form.open !== '',
    matching: form.matching !== '',
    acknowledged: form.acknowledged !== '',
    refuseDuplicates: form.anyway === '',
  };
}
