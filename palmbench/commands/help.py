"""What `palmbench --help` says: every verb in a line."""

from __future__ import annotations

HELP = """\
palmbench: how well does a method hide who a palm belongs to, and what does it cost the photo?

It takes a data set of hand photos, de-identifies every palm, attacks the result with palmprint
recognizers, measures what the image lost, and sets the numbers beside the paper's.

usage: palmbench [VERB] [settings]        (or: python -m palmbench ...)

verbs
  run [settings]         a run or a sweep; the verb may be left out
  ls [GROUP]             what can be chosen, one line each
  plan [settings]        the points of a run, what is cached, what is left; runs nothing
  runs                   what a folder of results holds: point, when, rejection rate, failures, size
  store [prune]          what the store holds by stage; prune says, and with --yes removes, what no run needs
  doctor [settings]      packages, device, weights, data sets, disk: what works, how to mend the rest
  table N [N ...]        tables of the paper from finished runs; --run computes what is missing first
  figure N [N ...]       figures 4 to 7 from the store, PNG and PDF; --run computes what is missing first
  methods [settings]     methods side by side: table, privacy against quality, photos; --run as above
  attack [settings]      methods against attackers who know more and more: chance, floor, worst case
  bundle [OUT.zip]       records of runs and attacks as one file; --list, --draw or --into elsewhere
  compare A B            two bundles or folders of results side by side, differences with intervals
  leaderboard A ...      methods by utility within classes of what the worst attack finds, as a page
  report                 tables, figures, errors and where they come from on one HTML page; --run as above
  claims [paper]         the paper's findings one by one, on finished runs or its own tables; --run as above
  diversity              ten seeds a photo, and how the results compare with one another and the original
  deid IN OUT            photos in, de-identified photos out: files or folders; see `palmbench deid --help`
  train NETWORK          train a recognizer's network (ccnet, eehnet) on a data set; goes on where it stopped
  weights [fetch NAME]   published weights: what is here, what each is for; fetch, check, or convert them
  data check NAME        what is in a data set's folder, what is missing, what was not understood
  data export synth      the rendered palms as files, in the layout of a real set, with their ground truth

examples
  palmbench                                        40 rendered palms, the embedded diffusion model
  palmbench dataset.identities=10 method=blur      fewer palms, a conventional baseline
  palmbench method.alpha=0.1,0.2,0.3               a sweep: commas make one point each
  palmbench +ablation=fusion dataset=iitd          an ablation of the paper on a data set of your own
  palmbench plan '+ablation=[fusion,alpha]'        the 21 points of two ablations crossed
  palmbench table 5 --run                          Table V, computing what is missing

settings are written key=value, without dashes; `palmbench ls` lists them. Re-running a command does only
what is missing.
flags: -h, --help; --version; for settings also Hydra's --cfg job (print a composed run) and --config-dir.
exit status: 0 done; 1 a defect of the program; 2 the request cannot be met; 3 done, but samples failed.
"""
