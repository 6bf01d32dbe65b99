"""The officer’s pages: inbox, task, dossier, intake, notices. Hold no rules of the domain."""
