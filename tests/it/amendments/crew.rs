//! The driver who has the job.
